/*
 * admin/tenant.tbl.h - verbs that keep to one tenant when who asks has a role for one only: TENANT(id).
 *
 * What is not listed is for those who may see and change all tenants, and refused to others: a new verb is safe before
 * anybody thought of tenants.
 */
TENANT(calls)
TENANT(call)
TENANT(why)
TENANT(runs)
TENANT(run)
TENANT(spend)
TENANT(events)
TENANT(feed)
TENANT(find)
TENANT(keys)
TENANT(key)
TENANT(key_create)
TENANT(key_revoke)
TENANT(revoke)
TENANT(approvals)
TENANT(approval)
TENANT(approval_approve)
TENANT(approval_deny)
TENANT(limits)
TENANT(policy_check)
TENANT(vendors)
TENANT(session)
TENANT(session_end)
TENANT(session_link)
TENANT(people)
TENANT(person_create)
TENANT(person_revoke)
TENANT(person_link)
