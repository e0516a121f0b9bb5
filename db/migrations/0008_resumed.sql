ALTER TABLE "deployments" ADD COLUMN "resumed" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "promotions" ADD COLUMN "resumed" integer DEFAULT 0 NOT NULL;