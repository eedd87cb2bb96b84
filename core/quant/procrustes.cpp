// SPDX-License-Identifier: GPL-3.0-or-later
//
// The only file that includes Eigen's decompositions: BDCSVD alone costs half a minute to compile.
#include "core/quant/procrustes.h"

#include <Eigen/Dense>

namespace bwla {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::vector<double> values(const RowMajor& m) {
    return {m.data(), m.data() + m.size()};
}

} // namespace

std::vector<double> procrustes(std::span<const double> m, std::int64_t size) {
    const Eigen::MatrixXd target = Eigen::Map<const RowMajor>(m.data(), size, size);
    const Eigen::BDCSVD<Eigen::MatrixXd> svd(target, Eigen::ComputeFullU | Eigen::ComputeFullV);
    return values(svd.matrixU() * svd.matrixV().transpose());
}

std::vector<double> inverse(std::span<const double> m, std::int64_t size) {
    const Eigen::MatrixXd source = Eigen::Map<const RowMajor>(m.data(), size, size);
    return values(source.inverse());
}

} // namespace bwla
