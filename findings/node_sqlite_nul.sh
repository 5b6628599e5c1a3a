#!/usr/bin/env bash
# node:sqlite, of Node and of Deno, reads a text up to its first NUL, though the file has all of it.
#
# The usual guess: what goes into a TEXT column comes out of it. SQLite keeps the length of a text,
# writing uses it, and Python's sqlite3 reads all of it. So a program that reads its own table loses
# the end of texts from elsewhere, without an error. Seen with Node 22.23.3 and Deno 2.9.6: two of
# five characters.
#
# Exits with 0 as long as that is so. Needs npx, python3 and the network for both.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cat >texts.mjs <<'JS'
import { DatabaseSync } from "node:sqlite";
const database = new DatabaseSync("texts.db");
database.exec("DROP TABLE IF EXISTS texts; CREATE TABLE texts (text TEXT)");
database.prepare("INSERT INTO texts VALUES (?)").run("ab\0cd");
const { text, hex } = database.prepare("SELECT text, hex(text) AS hex FROM texts").get();
console.log(`${text.length} characters of ${hex}`);
database.close();
JS
npx -y node@22.23.3 --version
npx -y node@22.23.3 --no-warnings texts.mjs | tee node_seen
npx -y deno@2.9.6 --version | head -n 1
npx -y deno@2.9.6 run --no-prompt --allow-read=. --allow-write=. texts.mjs | tee deno_seen
python3 -c '
import sqlite3
print(len(sqlite3.connect("texts.db").execute("SELECT text FROM texts").fetchone()[0]), "characters")
' | tee python_seen
grep -qx '2 characters of 6162006364' node_seen
grep -qx '2 characters of 6162006364' deno_seen
grep -qx '5 characters' python_seen
