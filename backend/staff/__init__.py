"""The hospital's staff: their own door, what each role may do, and emergency access ("break the glass").

Staff and patients have nothing in common but the authentication server: other accounts, other passkeys, other sessions
in another cookie. A role may do what the matrix says and nothing else.

Invariants: a staff number is stored keyed only; an enrolment code is good once; whoever opens a patient's documents in
an emergency gave a reason, had thirty minutes, is seen by the patient and is reviewed by somebody else.
"""
