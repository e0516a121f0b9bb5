'use client'
export { ScreenError as default } from '#components/frame/screen-error.tsx'
