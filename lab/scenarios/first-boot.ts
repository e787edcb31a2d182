// A new card in a new node.
import { scenario } from "../src/scenario.ts";

export default scenario("first-boot", "a new card: the data partition is made, kept, and reset", async (bench) => {
  const rig = await bench.boot({ pi: { card: true }, target: false });
  bench.tell(`up after ${rig.pi.bootMilliseconds.toFixed(0)} ms`);
  console.log(await rig.pi.must("cat /proc/mounts; cat /run/dkvm/boot/info.json; hostname; cat /proc/partitions; ls -la /run/dkvm/boot /var/lib/dkvm; dmesg | grep dkvm"));
  await rig.pi.powerCut();
  await rig.pi.powerOn();
  bench.tell(`up after ${rig.pi.bootMilliseconds.toFixed(0)} ms`);
  console.log(await rig.pi.must("cat /run/dkvm/boot/info.json; hostname;  dmesg | grep dkvm"));
  const boots = rig.pi.boots;
  await rig.pi.must("(sleep 1; reboot) >/dev/null 2>&1 &");
  await rig.pi.awaitRestart(boots);
  console.log(await rig.pi.must("cat /run/dkvm/boot/info.json; hostname;  dmesg | grep dkvm"));
  return "";
});
