// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_ops.h"

#include <algorithm>

namespace bwla {
namespace {

// Weight rows a chunk of a batch covers: its sums, 64 x 128 x 4 bytes, stay in the first caches.
constexpr std::int64_t batchChunkRows = rowGrain;
// Chunks a thread gets of a single-row product: enough to even out a thread that was interrupted.
constexpr std::int64_t chunksPerThread = 4;

std::int64_t chunkRows(const HostMachine& machine, std::int64_t totalRows, int rows) {
    if (rows > 1)
        return batchChunkRows;
    const std::int64_t chunks = chunksPerThread * machine.pool.threads();
    return std::max(rowGrain, totalRows / chunks / rowGrain * rowGrain);
}

void runChunk(const HostMachine& machine, const ProductTarget& target, const Activations& x,
              std::int64_t begin, std::int64_t end) {
    thread_local AlignedVector<std::byte> scratch;
    const PackedLinear& weight = target.weight->packed();
    const std::int64_t ld = roundUp(end - begin, rowGrain);
    scratch.resize(std::max(scratch.size(), static_cast<std::size_t>(x.rows * ld) * sizeof(float)));
    std::byte* sums = scratch.data();
    target.kernel->sums(weight, x, target.encoded, begin, end, sums, ld);
    const Outputs outputs{begin, end, ld, target.out + begin, weight.rows, target.accumulate};
    if (target.quantized)
        machine.kernels.get<FinishQuantizedKernel>(KernelVerb::finishQuantized)
            .run(weight, x, reinterpret_cast<const std::int32_t*>(sums), outputs);
    else
        machine.kernels.get<FinishFloatKernel>(KernelVerb::finishFloat)
            .run(weight, x, reinterpret_cast<const float*>(sums), outputs);
}

} // namespace

ProductTarget productTarget(HostMachine& machine, PreparedRows& input, int batch,
                            const HostWeights& weight, float* out, bool accumulate) {
    const PackedLinear& packed = weight.packed();
    const bool quantized = weight.kind() == WeightKind::binary && input.bits < 16;
    const auto& kernel = machine.kernels.get<LinearKernel>(
        quantized ? KernelVerb::linearQuantized : KernelVerb::linearFloat, weight.kind());
    if (weight.kind() == WeightKind::binary && packed.layout != kernel.layout)
        throw KernelError(KernelErrorCode::badShape, "linear",
                          "weight was uploaded to another backend");
    input.wantsFloat = input.wantsFloat || !quantized;
    input.wantsSum = input.wantsSum || packed.mean != nullptr;
    return {&weight, out, accumulate, &kernel, input.encodingFor(kernel, batch), quantized};
}

void runProducts(HostMachine& machine, const PreparedRows& input,
                 std::span<const ProductTarget> targets, int rows) {
    std::int64_t totalRows = 0;
    for (const ProductTarget& target : targets)
        totalRows += target.weight->rows();
    const std::int64_t size = chunkRows(machine, totalRows, rows);
    const auto chunksOf = [size](const ProductTarget& target) {
        return (target.weight->rows() + size - 1) / size;
    };
    std::int64_t chunks = 0;
    for (const ProductTarget& target : targets)
        chunks += chunksOf(target);
    const Activations x = input.view(rows);
    machine.pool.forEach(chunks, [&](std::int64_t chunk) {
        for (const ProductTarget& target : targets) {
            const std::int64_t own = chunksOf(target);
            if (chunk < own) {
                runChunk(machine, target, x, chunk * size,
                         std::min(target.weight->rows(), (chunk + 1) * size));
                return;
            }
            chunk -= own;
        }
    });
}

} // namespace bwla
