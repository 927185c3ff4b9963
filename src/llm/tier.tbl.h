/*
 * llm/tier.tbl.h - the tiers that vendors price apart: TIER(NAME, text). The text is the record's and the catalog's.
 */
TIER(STANDARD, "standard")
TIER(BATCH, "batch")
TIER(FLEX, "flex")
TIER(PRIORITY, "priority")
TIER(FAST, "fast")
