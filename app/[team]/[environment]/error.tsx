'use client'
export { LateScreenError as default } from '#components/frame/late-screen-error.tsx'
