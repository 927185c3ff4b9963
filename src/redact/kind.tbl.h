/* redact/kind.tbl.h - what a redactor knows by itself: KIND(NAME, text, what is found). */
KIND(EMAIL, "email", "an address with a domain that has a dot, and with %40 for @")
KIND(PHONE, "phone", "a number with + or 00, or grouped as numbers of a country are; never bare digits")
KIND(CARD, "card", "12 to 19 digits that begin as a card network's do and satisfy Luhn's check")
KIND(IBAN, "iban", "a country's length of letters and digits that satisfy mod 97")
