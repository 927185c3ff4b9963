/*
 * saas/owner.tbl.h - what an id in a request can be, seen from the customer on whose account a call acts:
 * OWNER(NAME, text in connector.yaml, help).
 */
OWNER(CUSTOMER, "customer", "a customer")
OWNER(OBJECT, "object", "belongs to a customer, whom the vendor names when it is asked")
OWNER(SHARED, "shared", "is nobody's: a price, a tax rate, a token made of a card's number")
OWNER(ELSEWHERE, "elsewhere", "leads money or rights to somebody who is no customer: never within a scope")
