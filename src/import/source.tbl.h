/* import/source.tbl.h - whose files are read: SOURCE(NAME, text). */
SOURCE(LITELLM, "litellm")
SOURCE(PORTKEY, "portkey")
