/* import/bucket.tbl.h - what became of a value of another product's file: BUCKET(NAME, text, help). */
BUCKET(EXACT, "exact", "means the same here")
BUCKET(APPROXIMATE, "approximate", "something else stands for it; the note says how they differ")
BUCKET(CARRIED, "carried", "no matter of policy, or permits nothing here: kept word for word under x-<product>")
BUCKET(REFUSED, "refused", "narrows what agents may do there, and nothing here does: look at it before you apply")
