"""The tables of a compiled collection, and those that exist only while it is built (``staging``)."""

from __future__ import annotations

VERSION = 1
"""Of the file's layout; a file with another one is built again."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL, modality INTEGER NOT NULL, text TEXT NOT NULL,
    title TEXT NOT NULL, more TEXT, coding INTEGER, file TEXT, offset INTEGER, size INTEGER
);
CREATE UNIQUE INDEX documents_by_id ON documents (id);
CREATE TABLE topics (
    number INTEGER PRIMARY KEY, split TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL,
    coding INTEGER, file TEXT, offset INTEGER, size INTEGER, judged TEXT NOT NULL, negatives TEXT NOT NULL
);
CREATE INDEX topics_by_split ON topics (split, number);
CREATE TABLE pictures (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE problems (place TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE staging.queries (
    number INTEGER PRIMARY KEY, position INTEGER, split TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL,
    coding INTEGER, file TEXT, offset INTEGER, size INTEGER, place TEXT NOT NULL
);
CREATE UNIQUE INDEX staging.queries_by_id ON queries (id, split);
CREATE TABLE staging.judged (query INTEGER NOT NULL, split TEXT, document TEXT NOT NULL, grade INTEGER);
CREATE TABLE staging.members (
    shard TEXT NOT NULL, name TEXT NOT NULL, offset INTEGER, size INTEGER, PRIMARY KEY (shard, name)
) WITHOUT ROWID;
"""
