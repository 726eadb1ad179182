pub struct EmbeddedError; pub struct EmbeddedOptions; pub struct EmbeddedPostgres;
