import fc from 'fast-check';

// The same cases in every run, so that a red build can be repeated; FAST_CHECK_SEED=$RANDOM looks elsewhere.
fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? 20_261_121) });
