/*
 * expr/type.tbl.h - the types of CEL that we have: TYPE(NAME, name in expressions, is_ordered).
 * MONEY is ours: nano-USD that nobody mistakes for a count. DYN stands for "known when it is evaluated" and is no
 * value's.
 */
TYPE(DYN, "dyn", false)
TYPE(NULL, "null_type", false)
TYPE(BOOL, "bool", true)
TYPE(INT, "int", true)
TYPE(UINT, "uint", true)
TYPE(DOUBLE, "double", true)
TYPE(STRING, "string", true)
TYPE(BYTES, "bytes", true)
TYPE(TIMESTAMP, "google.protobuf.Timestamp", true)
TYPE(DURATION, "google.protobuf.Duration", true)
TYPE(MONEY, "money", true)
TYPE(LIST, "list", false)
TYPE(MAP, "map", false)
TYPE(OPTIONAL, "optional_type", false)
TYPE(TYPE, "type", false)
