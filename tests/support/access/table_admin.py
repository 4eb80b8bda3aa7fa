"""Rows of the access matrix: pages of admins. Nobody is redirected to sign-in, others get 403."""

LOOK = "303 401 403 403 403 403 403 200"
DO = "303 401 403 403 403 403 403 303"
HAND = "303 401 403 403 403 403 403 201"

ADMIN_PAGES = {
    "GET /admin": LOOK,
    "GET /admin/connections": LOOK,
    "POST /admin/connections": "303 401 403 403 403 403 403 422",  # without a mail server
    "GET /admin/webhooks": LOOK,
    "POST /admin/webhooks": HAND,
    "GET /admin/webhooks/<int:webhook_id>": LOOK,
    "POST /admin/webhooks/<int:webhook_id>": DO,
    "GET /admin/jobs/list": LOOK,
    "POST /admin/jobs/<kind>": DO,
    "POST /admin/jobs/<int:job_id>/again": DO,
    "GET /admin/sets": LOOK,
    "POST /admin/sets": DO,
    "GET /admin/checks/<int:job_id>": LOOK,
    "GET /admin/sets/tried/<int:job_id>": "303 401 403 403 403 403 403 422",
    "POST /admin/sets/tried/<int:job_id>": "303 401 403 403 403 403 403 422",
    "GET /admin/people": LOOK,
    "POST /admin/people": HAND,
    "GET /admin/people/<int:user_id>": LOOK,
    "POST /admin/people/<int:user_id>": DO,
    "POST /admin/people/<int:user_id>/roles/<int:role_id>/end": DO,
    "POST /admin/people/<int:user_id>/confirm": DO,
    "POST /admin/people/<int:user_id>/link": HAND,
    "GET /admin/people/officials": LOOK,
    "POST /admin/people/officials": "303 401 403 403 403 403 403 200",
    "GET /admin/people/officials/list.xlsx": LOOK,
    "POST /admin/sessions/<int:user_id>/end": DO,
    "POST /admin/succession/<int:role_id>": DO,
    "GET /admin/organisations": LOOK,
    "POST /admin/organisations": DO,
    "POST /admin/organisations/<int:organisation_id>/end": DO,
    "GET /admin/targets": LOOK,
    "POST /admin/targets": DO,
    "GET /admin/targets/<int:target_id>": LOOK,
    "POST /admin/targets/<int:target_id>": DO,
    "GET /admin/notices": LOOK,
    "POST /admin/notices": LOOK,
    "POST /admin/notices/<int:notice_id>/end": DO,
    "GET /admin/withdrawals": LOOK,
    "POST /admin/withdrawals": DO,
    "POST /admin/withdrawals/<int:request_id>": DO,
    "GET /admin/audit": LOOK,
}
