CREATE TABLE "audit" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"team_id" text,
	"actor" jsonb NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deployments" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"service_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"kind" text NOT NULL,
	"route" text NOT NULL,
	"state" text NOT NULL,
	"commit" text NOT NULL,
	"message" text NOT NULL,
	"by_id" text NOT NULL,
	"by_name" text NOT NULL,
	"build_id" text,
	"keeps_data" boolean DEFAULT false NOT NULL,
	"variables" text,
	"settings" jsonb,
	"locked" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"previous_id" text,
	"restores_id" text,
	"error" jsonb,
	"phases" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"live_at" timestamp(3) with time zone,
	"ended_at" timestamp(3) with time zone,
	"watched_until" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "environments" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"parent_id" text,
	"owner_id" text,
	"generation" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"deleted_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "former_names" (
	"kind" text NOT NULL,
	"scope" text NOT NULL,
	"name" text NOT NULL,
	"id" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "former_names_kind_scope_name_pk" PRIMARY KEY("kind","scope","name")
);
--> statement-breakpoint
CREATE TABLE "instances" (
	"id" text PRIMARY KEY NOT NULL,
	"deployment_id" text NOT NULL,
	"service_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"team_id" text NOT NULL,
	"state" text NOT NULL,
	"key_hash" text NOT NULL,
	"address" text,
	"port" integer,
	"pid" integer,
	"started_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone,
	"exit_code" integer,
	"signal" text,
	"restarts" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invitations" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"secret_hash" text NOT NULL,
	"by_user_id" text,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"accepted_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "invitations_secretHash_unique" UNIQUE("secret_hash")
);
--> statement-breakpoint
CREATE TABLE "members" (
	"team_id" text NOT NULL,
	"user_id" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "members_team_id_user_id_pk" PRIMARY KEY("team_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "platform" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"environment_id" text NOT NULL,
	"service_id" text NOT NULL,
	"deployment_id" text NOT NULL,
	"commit" text NOT NULL,
	"wanted" text NOT NULL,
	"crashing" text,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "releases_environment_id_service_id_pk" PRIMARY KEY("environment_id","service_id")
);
--> statement-breakpoint
CREATE TABLE "revisions" (
	"service_id" text NOT NULL,
	"commit" text NOT NULL,
	"build_id" text,
	"language" text DEFAULT '' NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"endpoints" json DEFAULT '[]'::json NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "revisions_service_id_commit_pk" PRIMARY KEY("service_id","commit")
);
--> statement-breakpoint
CREATE TABLE "services" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"name" text NOT NULL,
	"owner_id" text,
	"description" text DEFAULT '' NOT NULL,
	"audience" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"deleted_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"seen_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone,
	"user_agent" text DEFAULT '' NOT NULL,
	"address" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"environment_id" text NOT NULL,
	"service_id" text NOT NULL,
	"settings" jsonb NOT NULL,
	CONSTRAINT "settings_environment_id_service_id_pk" PRIMARY KEY("environment_id","service_id")
);
--> statement-breakpoint
CREATE TABLE "teams" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"deleted_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"user_id" text NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"scope" jsonb NOT NULL,
	"environment_id" text,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"last_used_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "usage" (
	"hour" timestamp(3) with time zone NOT NULL,
	"team_id" text NOT NULL,
	"service_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"caller" text NOT NULL,
	"requests" bigint NOT NULL,
	"errors" bigint NOT NULL,
	"total_ms" double precision NOT NULL,
	CONSTRAINT "usage_hour_service_id_environment_id_caller_pk" PRIMARY KEY("hour","service_id","environment_id","caller")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"password_hash" text,
	"operator" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "variables" (
	"service_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"name" text NOT NULL,
	"secret" boolean NOT NULL,
	"value" text,
	"by_name" text NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "variables_service_id_environment_id_name_pk" PRIMARY KEY("service_id","environment_id","name")
);
--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "environments" ADD CONSTRAINT "environments_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "members" ADD CONSTRAINT "members_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "variables" ADD CONSTRAINT "variables_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_team" ON "audit" USING btree ("team_id","seq");--> statement-breakpoint
CREATE INDEX "deployments_place" ON "deployments" USING btree ("service_id","environment_id","id");--> statement-breakpoint
CREATE INDEX "deployments_team" ON "deployments" USING btree ("team_id","id");--> statement-breakpoint
CREATE INDEX "deployments_under_way" ON "deployments" USING btree ("state") WHERE "deployments"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "environments_name" ON "environments" USING btree ("team_id","name") WHERE "environments"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "instances_running" ON "instances" USING btree ("state") WHERE "instances"."state" <> 'ended';--> statement-breakpoint
CREATE INDEX "instances_deployment" ON "instances" USING btree ("deployment_id");--> statement-breakpoint
CREATE INDEX "members_user" ON "members" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "releases_service" ON "releases" USING btree ("service_id");--> statement-breakpoint
CREATE UNIQUE INDEX "services_name" ON "services" USING btree ("team_id","name") WHERE "services"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "teams_name" ON "teams" USING btree ("name") WHERE "teams"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "tokens_team" ON "tokens" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "usage_team" ON "usage" USING btree ("team_id","hour");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email" ON "users" USING btree (lower("email"));