-- Until now the first person, who set the platform up, was not marked as confirmed. Everybody else keeps what was proved.
UPDATE "users" SET "email_verified_at" = "created_at" WHERE "operator" AND "email_verified_at" IS NULL;
