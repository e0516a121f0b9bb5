CREATE TABLE "consents" (
	"user_id" text NOT NULL,
	"service_id" text NOT NULL,
	"team_id" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "consents_user_id_service_id_team_id_pk" PRIMARY KEY("user_id","service_id","team_id")
);
--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "by_token_id" text;--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "replaces_id" text;--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "resumed" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "let_in" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "promotion_requests" ADD COLUMN "contents" jsonb;--> statement-breakpoint
ALTER TABLE "promotions" ADD COLUMN "resumed" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "choices" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- Until now the first person, who set the platform up, was not marked as confirmed. Everybody else keeps what was proved.
UPDATE "users" SET "email_verified_at" = "created_at" WHERE "operator" AND "email_verified_at" IS NULL;
