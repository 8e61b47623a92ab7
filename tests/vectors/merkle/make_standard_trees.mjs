// Makes standard_trees.json: trees of OpenZeppelin's own package, which ours must equal.
//   npm install @openzeppelin/merkle-tree@1.0.8 && node make_standard_trees.mjs > standard_trees.json
import { createHash } from "node:crypto";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const digest = (size, i) => "0x" + createHash("sha256").update(`saegim ${size} ${i}`).digest("hex");
const trees = [16, 32, 128].map((size) => {
  const digests = Array.from({ length: size }, (_, i) => digest(size, i));
  const tree = StandardMerkleTree.of(digests.map((d) => [d]), ["bytes32"]);
  const shown = [0, 1, size >> 1, size - 1];
  return {
    digests,
    leaves: shown.map((i) => ({ index: i, leaf: tree.leafHash([digests[i]]), proof: tree.getProof(i) })),
    root: tree.root,
  };
});
process.stdout.write(JSON.stringify({ package: "@openzeppelin/merkle-tree 1.0.8", trees }, null, 1) + "\n");
