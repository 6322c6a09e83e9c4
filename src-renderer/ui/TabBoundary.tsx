import { Component, type ReactNode } from 'react';
import { ErrorState } from './states.tsx';

interface Props {
  readonly children: ReactNode;
}
interface State {
  readonly failed: { readonly error: unknown } | undefined;
}

/** A fault in one tab stays in that tab: the frame, and Flatten & stop in it, go on working. */
export class TabBoundary extends Component<Props, State> {
  override state: State = { failed: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { failed: { error } };
  }

  override render(): ReactNode {
    const { failed } = this.state;
    if (!failed) return this.props.children;
    return <ErrorState error={failed.error} onRetry={() => this.setState({ failed: undefined })} />;
  }
}
