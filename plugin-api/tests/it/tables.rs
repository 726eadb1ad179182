use vectis_plugin_api::tables::{Migration, Tables};

const FULL: &str = "-- What is kept.

-- migration: 1 notes
CREATE TABLE note (id integer);
CREATE INDEX note_id ON note (id);

-- migration: 2 words
ALTER TABLE note ADD COLUMN words text;

-- statement: all
-- In order.
SELECT id FROM note ORDER BY id;

-- statement: add
INSERT INTO note (id) VALUES (($1->>'id')::integer)
RETURNING id;
";

fn refusal(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    Tables::parse(&FULL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn migrations_and_statements_are_told_apart() {
    let tables = Tables::parse(FULL).unwrap();

    let sql = "ALTER TABLE note ADD COLUMN words text;\n\n".to_owned();
    assert_eq!(tables.migrations[1], Migration { number: 2, name: "words".to_owned(), sql });
    assert_eq!(tables.migrations.len(), 2);
    assert_eq!(tables.statements["all"], "SELECT id FROM note ORDER BY id");
    assert!(tables.statements["add"].ends_with("\nRETURNING id"));
}

#[test]
fn what_cannot_be_kept_apart_is_refused_with_its_line() {
    for (from, to, why) in [
        ("-- What is kept.", "SELECT 1;", "line 1: SQL stands below \"-- migration:\" or \"-- statement:\""),
        ("migration: 2", "migration: 3", "line 7: migration \"3\" must be number 2"),
        ("1 notes", "1", "line 3: the migration's name \"\" must read like certificates"),
        ("statement: all", "statement: All", "line 10: the statement's name \"All\" must read like of_day"),
        ("statement: add", "statement: all", "line 14: the statement all stands here a second time"),
        ("ALTER TABLE note ADD COLUMN words text;", "-- later", "line 7: nothing follows"),
        ("\nRETURNING id", "", "line 14: the statement add must say what it wrote: end it with RETURNING"),
        (
            "SELECT id FROM",
            "TRUNCATE",
            "line 10: the statement all must be one SELECT, INSERT, UPDATE or DELETE",
        ),
    ] {
        let refused = refusal(from, to);
        assert!(refused.contains(why), "{to}: {refused}");
    }
}
