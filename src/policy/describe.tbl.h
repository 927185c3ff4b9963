/*
 * policy/describe.tbl.h - how a sentence about a document says each key of `match`, in the order of the sentence:
 * DESCRIBE(NAME, phrase before its names). Operations and agents are said elsewhere in the sentence.
 */
DESCRIBE(LAYER, " of the layer ")
DESCRIBE(VENDOR, " to ")
DESCRIBE(MODEL, " with the model ")
DESCRIBE(METHOD, " by ")
DESCRIBE(KEY, " with the key ")
DESCRIBE(TENANT, " for the tenant ")
DESCRIBE(USER, " for the user ")
DESCRIBE(CUSTOMER, " for the customer ")
DESCRIBE(RUN, " in the run ")
DESCRIBE(HOST, " at the host ")
