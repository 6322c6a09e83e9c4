/** The product's mark: a front of chosen points before the points it dominates. */
export function Mark() {
  return (
    <svg width="28" height="28" viewBox="0 0 32 32" role="img" aria-label="Frontier">
      <path
        d="M6 25 C7 15 14 8 26 7"
        fill="none"
        stroke="var(--ft-accent)"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <g fill="#f0913a">
        <circle cx="7" cy="20.2" r="2.3" />
        <circle cx="12.4" cy="12.6" r="2.3" />
        <circle cx="20.4" cy="8.2" r="2.3" />
      </g>
      <g fill="var(--ft-dim)">
        <circle cx="15.5" cy="21.5" r="1.7" />
        <circle cx="22" cy="16" r="1.7" />
        <circle cx="23.5" cy="23.5" r="1.7" />
      </g>
    </svg>
  );
}
