CREATE TABLE "promotion_requests" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"from_id" text NOT NULL,
	"into_id" text NOT NULL,
	"service_ids" jsonb,
	"generation" integer NOT NULL,
	"state" text NOT NULL,
	"by_id" text NOT NULL,
	"by_name" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"decided_by_name" text,
	"decided_at" timestamp(3) with time zone,
	"reason" text,
	"promotion_id" text
);
--> statement-breakpoint
ALTER TABLE "promotion_requests" ADD CONSTRAINT "promotion_requests_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promotion_requests" ADD CONSTRAINT "promotion_requests_from_id_environments_id_fk" FOREIGN KEY ("from_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promotion_requests" ADD CONSTRAINT "promotion_requests_into_id_environments_id_fk" FOREIGN KEY ("into_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "promotion_requests_team" ON "promotion_requests" USING btree ("team_id","id");