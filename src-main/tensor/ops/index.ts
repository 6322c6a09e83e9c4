// Importing this file fills the operator table: one row per operator, one gradient per differentiable one.
export * from './attention.ts';
export * from './blocked-series.ts';
export * from './conv.ts';
export * from './elementwise.ts';
export * from './losses.ts';
export * from './matrix.ts';
export * from './normalize.ts';
export * from './order.ts';
export * from './pooling.ts';
export * from './reduce.ts';
export * from './shape.ts';
export * from './smooth.ts';
export * from './transposed.ts';

import './loop.ts';
