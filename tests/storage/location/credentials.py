"""Made-up credentials of an object store."""

SECRET = "wJalrXUtnFEMIK7MDENG"

SOUND = {"key": "AKID", "secret": SECRET, "endpoint": "http://127.0.0.1:9", "region": "us-east-1"}
