CREATE TABLE "promotions" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"from_id" text,
	"into_id" text NOT NULL,
	"undoes_id" text,
	"state" text NOT NULL,
	"generation" integer NOT NULL,
	"items" jsonb NOT NULL,
	"error" jsonb,
	"by_id" text NOT NULL,
	"by_name" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "promotion_id" text;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "branch" text;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "pinned" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "protection" jsonb;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "expired" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "variables" ADD COLUMN "inheritable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "promotions" ADD CONSTRAINT "promotions_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promotions" ADD CONSTRAINT "promotions_from_id_environments_id_fk" FOREIGN KEY ("from_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promotions" ADD CONSTRAINT "promotions_into_id_environments_id_fk" FOREIGN KEY ("into_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "promotions_into" ON "promotions" USING btree ("into_id","id");--> statement-breakpoint
CREATE INDEX "promotions_under_way" ON "promotions" USING btree ("state") WHERE "promotions"."ended_at" is null;