'use client'
import { useMutation } from '@tanstack/react-query'
import { goToProvider } from '#client/sign-in.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'

export interface Provider {
  id: string
  name: string
}

/** Where else one can sign in. @param to a path of the console to come back to */
export function Providers({ providers, to }: { providers: Provider[]; to: string }) {
  const go = useMutation({ mutationFn: (provider: string) => goToProvider(provider, to) })
  return (
    <>
      {go.error !== null && <ErrorLine error={go.error} />}
      {providers.map(({ id, name }) => (
        <Button
          key={id}
          className="h-9!"
          busy={(go.isPending || go.isSuccess) && go.variables === id}
          onClick={() => go.mutate(id)}
        >
          Continue with {name}
        </Button>
      ))}
    </>
  )
}
