// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/logit_kl.h"

#include "core/quant/cpu_ops.h"
#include "core/quant/fused_ops.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace bwla {
namespace {

// 128 rows of 49152 bfloat16 logits are 13 MB: near the cache; a GPU wants large products instead.
constexpr std::int64_t rowsOnCpu = 128, rowsOnGpu = 4096;

at::Tensor logitsOf(const HeadInput& input, std::int64_t first, std::int64_t rows) {
    return at::matmul(input.rows.narrow(0, first, rows), input.head.t());
}

at::Tensor logProbabilities(const at::Tensor& logits) {
    return at::log_softmax(logits.to(at::kFloat), -1);
}

} // namespace

LogitKl logitKl(const HeadInput& teacher, const HeadInput& student, std::int64_t count) {
    const at::NoGradGuard noGrad;
    const std::int64_t rows = student.rows.size(0);
    const std::int64_t most = student.rows.is_cuda() ? rowsOnGpu : rowsOnCpu;
    LogitKl result{at::zeros({}, student.rows.options().dtype(at::kFloat)), {}};
    std::vector<at::Tensor> gradients;
    for (std::int64_t first = 0; first < rows; first += most) {
        const std::int64_t size = std::min(most, rows - first);
        const at::Tensor teacherLogits = logitsOf(teacher, first, size);
        at::Tensor logits = logitsOf(student, first, size);
        if (fusable(logits)) {
            result.sum += fusedKl(teacherLogits, logits).sum();
            gradients.push_back(at::matmul(logits, student.head));
            continue;
        }
        if (runsOnRows(logits)) {
            result.sum += rowsKl(teacherLogits, logits);
            gradients.push_back(at::matmul(logits, student.head));
            continue;
        }
        at::Tensor p = logProbabilities(teacherLogits);
        at::Tensor q = logProbabilities(logits);
        const at::Tensor difference = p - q;
        p.exp_();
        result.sum += at::dot(p.flatten(), difference.flatten());
        q.exp_().sub_(p);
        gradients.push_back(at::matmul(q.to(student.head.scalar_type()), student.head));
    }
    result.gradient = at::cat(gradients) / static_cast<double>(count);
    return result;
}

} // namespace bwla
