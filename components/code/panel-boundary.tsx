'use client'
import { Component, type ReactNode } from 'react'
import { ErrorState } from '#components/ui/error-state.tsx'

/** What fails in a panel or a view stays there: the text beside it is not to be lost by it. */
export class PanelBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    if (this.state.error === null) return this.props.children
    return (
      <div className="h-full overflow-y-auto">
        <ErrorState error={this.state.error} retry={() => this.setState({ error: null })} />
      </div>
    )
  }
}
