ALTER TABLE "tokens" ALTER COLUMN "user_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "tokens" ADD COLUMN "role" text;--> statement-breakpoint
ALTER TABLE "tokens" ADD COLUMN "by_name" text;