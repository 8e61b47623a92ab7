// The development node that stands in where no validator network can run: `npx hardhat node --network node`.
import { defineConfig } from "hardhat/config";

export default defineConfig({
  networks: {
    node: { type: "edr-simulated", chainType: "l1", chainId: 31337, hardfork: "london" },
  },
});
