/* call/class.tbl.h - which way value goes: CLASS(NAME, text, is_money, needs_sync, text for docs). DESIGN words,
 * CONTRACT 7. */
CLASS(READ, "read", false, false, "looks, changes nothing")
CLASS(WRITE, "write", false, false, "changes a record, moves no money")
CLASS(COST, "cost", true, true, "the vendor bills us")
CLASS(MONEY_IN, "money_in", true, true, "a third party is charged")
CLASS(MONEY_OUT, "money_out", true, true, "our money leaves")
CLASS(LIABILITY, "liability", true, true, "a commitment: coupon, link, subscription, credit")
CLASS(AUTHORITY, "authority", false, true, "keys, webhooks, bank accounts: permitted only by exact name")
CLASS(FANOUT, "fanout", false, false, "no money, wide effect")
CLASS(UNKNOWN, "unknown", true, true, "an operation the connector does not know")
