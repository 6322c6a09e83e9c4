/** Four levels, unevenly apart. */
export function FibonacciIcon({ size, stroke }: { readonly size: number; readonly stroke: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={stroke}
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M4 4h16M4 10h16M4 14h16M4 20h16" />
    </svg>
  );
}
