CREATE TABLE "metrics" (
	"service_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"caller" text NOT NULL,
	"seconds" integer NOT NULL,
	"starts_at" bigint NOT NULL,
	"slots" "bytea" NOT NULL,
	CONSTRAINT "metrics_service_id_seconds_starts_at_environment_id_caller_pk" PRIMARY KEY("service_id","seconds","starts_at","environment_id","caller")
);
--> statement-breakpoint
CREATE INDEX "metrics_environment" ON "metrics" USING btree ("environment_id","seconds","starts_at");--> statement-breakpoint
CREATE INDEX "metrics_age" ON "metrics" USING btree ("seconds","starts_at");