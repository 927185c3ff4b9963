/*
 * call/question.tbl.h - what a rule's scope can ask about an account: QUESTION(NAME, text, help). The answer is a text,
 * which the policy compares; "yes" and "no" of relations and queries.
 */
QUESTION(CREATED_BY, "created_by", "which key, agent or run made it, as far as that is on record")
QUESTION(METADATA, "metadata", "the text of a metadata field, as the vendor has it")
QUESTION(RELATION, "relation", "whether a subject has a relation to it")
QUESTION(QUERY, "query", "what a source of the operator's own says of it")
