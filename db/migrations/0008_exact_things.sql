ALTER TABLE "deployments" ADD COLUMN "by_token_id" text;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "let_in" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "promotion_requests" ADD COLUMN "contents" jsonb;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "choices" jsonb DEFAULT '{}'::jsonb NOT NULL;