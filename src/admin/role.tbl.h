/* admin/role.tbl.h - what a credential may do (DESIGN 9): ROLE(NAME, text). */
ROLE(PUBLIC, "public")
ROLE(VIEWER, "viewer")
ROLE(OPERATOR, "operator")
ROLE(POLICY, "policy")
ROLE(SECRETS, "secrets")
ROLE(OWNER, "owner")
