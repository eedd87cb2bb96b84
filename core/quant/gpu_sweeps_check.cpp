// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/gpu_sweeps_check.h"

#include "core/quant/fused_ops.h"
#include "core/quant/polar_factor.h"
#include "core/quant/row_sweeps.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace bwla {
namespace {

/// A fit of rows in the metric of correlated inputs.
struct Problem {
    at::Tensor z, h, a, b, upper; ///< upper: GPTQ's factor, columns in their own order
    std::vector<std::int64_t> order;

    Problem(std::int64_t rows, std::int64_t cols, const at::TensorOptions& options)
        : z(at::randn({rows, cols}, options)), a(z.abs().mean(1, true)),
          b(at::rand({1, cols}, options) * 0.5 + 0.75), order(static_cast<std::size_t>(cols)) {
        const at::Tensor x =
            at::matmul(at::randn({2 * cols, cols}, options), at::randn({cols, cols}, options)) /
            std::sqrt(static_cast<double>(cols));
        h = at::matmul(x.t(), x) / static_cast<double>(2 * cols) + 0.05 * at::eye(cols, options);
        upper =
            at::linalg_cholesky(at::linalg_inv(h.to(at::kDouble))).t().to(at::kFloat).contiguous();
        std::iota(order.rbegin(), order.rend(), 0);
    }

    [[nodiscard]] at::Tensor gradient(const at::Tensor& signs) const {
        const at::Tensor rest = (z - a * signs * b).to(at::kDouble);
        return at::matmul(rest, h.to(at::kDouble));
    }
    [[nodiscard]] double objective(const at::Tensor& signs) const {
        return ((z - a * signs * b).to(at::kDouble) * gradient(signs)).sum().item<double>();
    }
};

class SweepsCheck {
public:
    SweepsCheck(const Problem& problem, const std::function<void(TrainingCheck)>& found)
        : p_(problem), name_(" of " + std::to_string(problem.z.size(1))), found_(found) {}

    void flips() const {
        const at::Tensor signs = at::where(p_.z >= 0, 1.0, -1.0).to(at::kFloat);
        const auto turned = [&] {
            return flipSigns(Matrix(signs), Matrix(p_.gradient(signs).to(at::kFloat)), Matrix(p_.a),
                             Matrix(p_.b), Matrix(p_.h), p_.order, 2);
        };
        const FlippedSigns own = turned();
        const WithoutFusedOps plain;
        const FlippedSigns host = turned();
        compare("flips", own.signs.tensor(), host.signs.tensor());
        const auto drift = [&](const FlippedSigns& flipped) {
            const at::Tensor exact = p_.gradient(flipped.signs.tensor());
            return ((flipped.gradient.tensor() - exact).norm() / exact.norm()).item<double>();
        };
        report("flips" + name_ + ": gradient", drift(own) <= 2.0 * drift(host) + 1e-5, drift(own),
               drift(host));
        const auto turns = static_cast<double>(host.flips);
        const double differ = std::abs(static_cast<double>(own.flips) - turns) / turns;
        report("flips" + name_ + ": count", differ <= 1e-2, differ, turns);
    }

    void gptq() const {
        std::vector<std::int64_t> inOrder(p_.order.rbegin(), p_.order.rend());
        const auto signs = [&] {
            return gptqSigns(Matrix(p_.z), Matrix(p_.a), Matrix(p_.b), Matrix(p_.upper), inOrder)
                .tensor();
        };
        const at::Tensor own = signs();
        const WithoutFusedOps plain;
        compare("GPTQ", own, signs());
    }

    void polar() const {
        const at::Tensor m = at::matmul(p_.z.narrow(0, 0, 64).narrow(1, 0, 64),
                                        p_.h.narrow(0, 0, 64).narrow(1, 0, 64));
        const at::Tensor exact = polarFactor(m.cpu()), own = polarFactor(m).cpu();
        const double error = ((own - exact).norm() / exact.norm()).item<double>();
        report("polar factor" + name_, error <= 1e-5, error, 0.0);
    }

private:
    void compare(const std::string& what, const at::Tensor& own, const at::Tensor& host) const {
        const double error = std::abs(p_.objective(own) / p_.objective(host) - 1.0);
        report(what + name_ + ": objective", error <= 1e-3, error,
               (own != host).to(at::kDouble).mean().item<double>());
    }

    void report(const std::string& what, bool ok, double error, double other) const {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "host %.2e", other);
        found_({what, ok, error, text.data()});
    }

    const Problem& p_;
    std::string name_;
    const std::function<void(TrainingCheck)>& found_;
};

} // namespace

void checkSweeps(const std::string& device, const std::function<void(TrainingCheck)>& found) {
    at::manual_seed(2);
    const at::TensorOptions options =
        at::TensorOptions().dtype(at::kFloat).device(at::Device(device));
    for (const std::int64_t cols : {576, 1536, 130}) {
        if (device == "cpu" && cols > 576)
            continue;
        const Problem problem(device == "cpu" ? 96 : 1000, cols, options);
        const SweepsCheck check(problem, found);
        check.flips();
        check.gptq();
        check.polar();
    }
}

} // namespace bwla
