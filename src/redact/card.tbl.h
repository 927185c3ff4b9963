/* redact/card.tbl.h - which numbers card networks give out: CARD(first prefix, last prefix, least digits, most). */
CARD(2221, 2720, 16, 16) /* Mastercard */
CARD(300, 305, 14, 19)   /* Diners Club */
CARD(3095, 3095, 14, 19)
CARD(34, 34, 15, 15) /* American Express */
CARD(3528, 3589, 16, 19) /* JCB */
CARD(36, 36, 14, 19)
CARD(37, 37, 15, 15)
CARD(38, 39, 14, 19)
CARD(4, 4, 13, 19)   /* Visa */
CARD(50, 50, 12, 19) /* Maestro */
CARD(51, 55, 16, 16) /* Mastercard */
CARD(56, 59, 12, 19)
CARD(60, 60, 12, 19) /* Discover among them */
CARD(61, 61, 12, 19)
CARD(62, 62, 16, 19) /* UnionPay */
CARD(63, 69, 12, 19) /* Maestro, Discover */
CARD(81, 81, 16, 19) /* UnionPay */
CARD(9792, 9792, 16, 16) /* Troy */
