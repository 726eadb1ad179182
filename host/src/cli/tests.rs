//! What is said on the command line is what is meant.

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_file_of_a_command_is_not_the_configuration() {
    for command in ["check", "inspect"] {
        let cli = Cli::try_parse_from(["vectis", "plugins", command, "acme.so"]).unwrap();
        let (PluginsCommand::Check { file } | PluginsCommand::Inspect { file }) = (match cli.command {
            Command::Plugins(command) => command,
            other => unreachable!("{other:?}"),
        }) else {
            unreachable!("{command}");
        };

        assert_eq!((cli.config.file, file), (None, PathBuf::from("acme.so")));
    }
}
