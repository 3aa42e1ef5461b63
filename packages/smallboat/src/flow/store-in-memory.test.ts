import { runStoreContract } from './store/contract.ts';
import { inMemoryRunStore } from './store-in-memory.ts';

runStoreContract({
  name: 'memory',
  create: async () => {
    const store = inMemoryRunStore();
    return { open: () => store };
  },
});
