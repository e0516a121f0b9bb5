CREATE TABLE "called" (
	"service_id" text NOT NULL,
	"caller" text NOT NULL,
	"team_id" text NOT NULL,
	"endpoint" text NOT NULL,
	"requests" bigint NOT NULL,
	"last_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "called_service_id_caller_team_id_endpoint_pk" PRIMARY KEY("service_id","caller","team_id","endpoint")
);
--> statement-breakpoint
CREATE TABLE "consumers" (
	"service_id" text NOT NULL,
	"team_id" text NOT NULL,
	"state" text,
	"reason" text DEFAULT '' NOT NULL,
	"answer" text DEFAULT '' NOT NULL,
	"per_minute" integer,
	"asked_by" text DEFAULT '' NOT NULL,
	"asked_at" timestamp(3) with time zone,
	"decided_by" text DEFAULT '' NOT NULL,
	"decided_at" timestamp(3) with time zone,
	CONSTRAINT "consumers_service_id_team_id_pk" PRIMARY KEY("service_id","team_id")
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"service_id" text PRIMARY KEY NOT NULL,
	"commit" text NOT NULL,
	"text" text NOT NULL,
	"words" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', "text")) STORED NOT NULL
);
--> statement-breakpoint
CREATE TABLE "follows" (
	"user_id" text NOT NULL,
	"service_id" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "follows_user_id_service_id_pk" PRIMARY KEY("user_id","service_id")
);
--> statement-breakpoint
CREATE TABLE "news" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"service_id" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"kind" text NOT NULL,
	"text" text NOT NULL,
	"team_id" text
);
--> statement-breakpoint
CREATE TABLE "news_seen" (
	"user_id" text PRIMARY KEY NOT NULL,
	"at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "endpoint_changes" jsonb;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "contact" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "tags" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "readable" text DEFAULT 'team' NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "approval" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "per_minute" integer;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "deprecation" jsonb;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "forked_from" jsonb;--> statement-breakpoint
ALTER TABLE "usage" ADD COLUMN "caller_team_id" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "usage" ADD COLUMN "limited" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "consumers" ADD CONSTRAINT "consumers_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consumers" ADD CONSTRAINT "consumers_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "follows" ADD CONSTRAINT "follows_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "follows" ADD CONSTRAINT "follows_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "news" ADD CONSTRAINT "news_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "news_seen" ADD CONSTRAINT "news_seen_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "called_team" ON "called" USING btree ("team_id","last_at");--> statement-breakpoint
CREATE INDEX "consumers_team" ON "consumers" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "documents_words" ON "documents" USING gin ("words");--> statement-breakpoint
CREATE INDEX "follows_service" ON "follows" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "news_service" ON "news" USING btree ("service_id","at");--> statement-breakpoint
CREATE INDEX "usage_service" ON "usage" USING btree ("service_id","hour");