// SPDX-License-Identifier: GPL-3.0-or-later
//
// The scalar authority against the formulas of host_linear.h, evaluated here in double.
#include "kernels/backend.h"
#include "kernels/half.h"
#include "kernels/operands.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace bwla;

namespace {

const std::vector<std::int32_t> threeTokens = {0, 1, 2};

/// W_ij of any kind, without means and low rank.
double weightValue(const HostLinear& linear, std::int64_t i, std::int64_t j) {
    const auto at = static_cast<std::size_t>(i * linear.cols + j);
    const auto row = static_cast<std::size_t>(i);
    switch (linear.kind) {
    case WeightKind::f32:
        return linear.f32[at];
    case WeightKind::f16:
        return halfToFloat(linear.f16[at]);
    case WeightKind::rowInt8:
        return double{linear.scale[row]} * linear.int8[at];
    default: {
        const auto word =
            static_cast<std::size_t>(i * HostLinear::wordsPerRow(linear.cols) + j / 32);
        return (linear.signs[word] >> (j % 32) & 1U) != 0 ? linear.scale[row] : -linear.scale[row];
    }
    }
}

/// x'' by the definition: the Kronecker product written out.
std::vector<double> transformed(const HostInput& input, const std::vector<double>& x) {
    std::vector<double> out(x.size());
    const auto m2 = static_cast<std::size_t>(input.factor2);
    for (std::size_t j = 0; j < x.size(); ++j) {
        if (input.factor1 == 0) {
            out[j] = x[j];
            continue;
        }
        for (std::size_t i = 0; i < x.size(); ++i)
            out[j] += x[i] * input.r1[i / m2 * static_cast<std::size_t>(input.factor1) + j / m2] *
                      input.r2[i % m2 * m2 + j % m2];
        out[j] *= input.columnScale[j];
    }
    return out;
}

std::vector<double> normalized(const std::vector<float>& x, const std::vector<float>& gain,
                               double epsilon) {
    double squares = 0;
    for (const float value : x)
        squares += double{value} * value;
    std::vector<double> out(x.begin(), x.end());
    for (std::size_t j = 0; j < x.size() && !gain.empty(); ++j)
        out[j] *= gain[j] / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
    return out;
}

double expected(const HostLinear& linear, const HostInput& input, const std::vector<double>& x,
                std::int64_t i) {
    double y = 0;
    for (std::int64_t j = 0; j < linear.cols; ++j)
        y += (weightValue(linear, i, j) +
              (linear.mean.empty() ? 0.0 : linear.mean[static_cast<std::size_t>(i)])) *
             x[static_cast<std::size_t>(j)];
    for (std::int64_t k = 0; k < linear.rank; ++k) {
        double t = 0;
        for (std::int64_t j = 0; j < linear.cols; ++j)
            t += input.lowRankB[static_cast<std::size_t>(k * linear.cols + j)] *
                 x[static_cast<std::size_t>(j)];
        y += linear.lowRankA[static_cast<std::size_t>(i * linear.rank + k)] *
             linear.lowRankAScale[static_cast<std::size_t>(k)] *
             input.lowRankBScale[static_cast<std::size_t>(k)] * t;
    }
    return y;
}

} // namespace

class ReferenceBackendTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();

private slots:
    void productsFollowTheDefinition_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("cols");
        QTest::addColumn<int>("factor1");
        for (int kind = 0; kind < 4; ++kind)
            for (const int bits : {16, 2, 3, 4, 6, 8})
                for (const auto& [cols, factor1] : {std::pair{12, 3}, {33, 0}, {1536, 32}})
                    QTest::addRow("kind %d, %d bits, %d columns", kind, bits, cols)
                        << kind << bits << cols << factor1;
    }

    void productsFollowTheDefinition() {
        QFETCH(int, kind);
        QFETCH(int, bits);
        QFETCH(int, cols);
        QFETCH(int, factor1);
        const bool binary = static_cast<WeightKind>(kind) == WeightKind::binary;
        const auto linear =
            randomLinear(static_cast<WeightKind>(kind), 37, cols, 7, binary ? 5 : 0, binary);
        const auto input = randomInput(cols, factor1, 5, 11);
        const auto gain = randomFloats(cols, 13);
        const auto x = randomFloats(3 * cols, 17);
        const auto residual = randomFloats(3 * 37, 19);
        const auto weight = backend_->upload(linear);
        const auto group = backend_->upload(input);
        Buffer in;
        Buffer out;
        Buffer sum;
        Prepared prepared;
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                in = recorder.buffer(cols);
                out = recorder.buffer(37);
                sum = recorder.buffer(37);
                prepared = recorder.prepare({gain, 1e-5F}, *group, in, bits);
                const std::array targets{LinearTarget{weight.get(), out, false},
                                         LinearTarget{weight.get(), sum, true}};
                recorder.linear(prepared, targets);
            },
            3);
        plan->write(in, x);
        plan->write(sum, residual);
        QVERIFY(backend_->run(*plan, {threeTokens}));
        const auto y = plan->read(out, 3);
        const auto added = plan->read(sum, 3);
        for (int t = 0; t < 3; ++t) {
            const auto begin = x.begin() + t * cols;
            auto exact = transformed(input, normalized({begin, begin + cols}, gain, 1e-5));
            if (bits < 16) {
                const auto row = plan->read(prepared, 3)[static_cast<std::size_t>(t)];
                checkQuantizer(row, exact, bits);
                for (std::size_t j = 0; j < exact.size(); ++j)
                    exact[j] = double{row.scale} * row.offset[j];
            }
            double size = 0;
            for (int i = 0; i < 37; ++i)
                size = std::max(size, std::abs(expected(linear, input, exact, i)));
            for (int i = 0; i < 37; ++i) {
                const auto at = static_cast<std::size_t>(t * 37 + i);
                QVERIFY(std::abs(y[at] - expected(linear, input, exact, i)) < 3e-5 * size);
                QCOMPARE(added[at], residual[at] + y[at]);
            }
        }
    }

    void headAndEmbeddingReadTheTable() {
        for (const auto kind : {WeightKind::f32, WeightKind::f16, WeightKind::rowInt8}) {
            const auto table = randomLinear(kind, 100, 33, 5);
            const auto weight = backend_->upload(table);
            const std::vector<float> gain(33, 2.0F);
            const std::vector<std::int32_t> tokens = {99, 0, 42};
            Buffer x;
            const auto plan = [&](HeadRows rows) {
                return backend_->record(
                    [&](Recorder& recorder) {
                        x = recorder.buffer(33);
                        recorder.embed(*weight, x);
                        recorder.head({gain, 1e-6F}, *weight, x, rows);
                    },
                    4);
            };
            const auto all = plan(HeadRows::all);
            const auto last = plan(HeadRows::last);
            QVERIFY(backend_->run(*all, {tokens}));
            QVERIFY(backend_->run(*last, {tokens}));
            QCOMPARE(all->logits().size(), std::size_t{300});
            QVERIFY(std::ranges::equal(all->logits().subspan(200), last->logits()));
            const auto embedded = all->read(x, 3);
            for (std::size_t t = 0; t < 3; ++t) {
                std::vector<float> row(33);
                for (std::size_t j = 0; j < 33; ++j) {
                    row[j] = embedded[t * 33 + j];
                    QVERIFY(std::abs(row[j] - weightValue(table, tokens[t], int(j))) < 1e-6);
                }
                const auto normal = normalized(row, gain, 1e-6);
                for (int i = 0; i < 100; ++i)
                    QVERIFY(std::abs(all->logits()[t * 100 + std::size_t(i)] -
                                     expected(table, {}, normal, i)) < 1e-3);
            }
        }
    }

    void gateIsSiluTimesUp() {
        Buffer gate;
        Buffer up;
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                gate = recorder.buffer(5);
                up = recorder.buffer(5);
                recorder.gate(gate, up, gate);
            },
            1);
        plan->write(gate, std::vector<float>{0, 1, -1, 100, -100});
        plan->write(up, std::vector<float>{3, 2, 2, 1, 1});
        QVERIFY(backend_->run(*plan, {std::span(threeTokens).first(1)}));
        const auto out = plan->read(gate, 1);
        const std::vector<double> silu = {0, 2 / (1 + std::exp(-1.0)), -2 / (1 + std::exp(1.0)),
                                          100, 0};
        for (std::size_t j = 0; j < 5; ++j)
            QVERIFY(std::abs(out[j] - silu[j]) < 1e-6 * (1 + std::abs(silu[j])));
    }

    void attentionIsCausalAndRotary() {
        constexpr int heads = 4;
        constexpr int kvHeads = 2;
        constexpr int dim = 6;
        constexpr int tokens = 5;
        const auto q = randomFloats(tokens * heads * dim, 1);
        const auto k = randomFloats(tokens * kvHeads * dim, 2);
        const auto v = randomFloats(tokens * kvHeads * dim, 3);
        const std::vector<float> frequencies = {1.0F, 0.3F, 0.01F};
        // Token by token and all at once must agree: that is what makes a cache a cache.
        const auto whole = attended(q, k, v, frequencies, tokens);
        const auto stepped = attended(q, k, v, frequencies, 1);
        const auto rotated = [&](const std::vector<float>& x, int count, int t, int h, int d) {
            const auto at = static_cast<std::size_t>((t * count + h) * dim);
            const double angle = double{frequencies[static_cast<std::size_t>(d % 3)]} * t;
            const double other = d < 3 ? -x[at + std::size_t(d) + 3] : x[at + std::size_t(d) - 3];
            return x[at + std::size_t(d)] * std::cos(angle) + other * std::sin(angle);
        };
        for (int t = 0; t < tokens; ++t)
            for (int h = 0; h < heads; ++h) {
                std::vector<double> weights;
                for (int p = 0; p <= t; ++p) {
                    double score = 0;
                    for (int d = 0; d < dim; ++d)
                        score += rotated(q, heads, t, h, d) * rotated(k, kvHeads, p, h / 2, d);
                    weights.push_back(std::exp(score / std::sqrt(double{dim})));
                }
                const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
                for (int d = 0; d < dim; ++d) {
                    double value = 0;
                    for (int p = 0; p <= t; ++p)
                        value += weights[std::size_t(p)] / total *
                                 v[static_cast<std::size_t>((p * kvHeads + h / 2) * dim + d)];
                    const auto at = static_cast<std::size_t>((t * heads + h) * dim + d);
                    QVERIFY(std::abs(whole[at] - value) < 1e-5);
                    QVERIFY(std::abs(stepped[at] - value) < 1e-5);
                }
            }
    }

private:
    void checkQuantizer(const PreparedRow& row, const std::vector<double>& x, int bits) {
        const double low = std::min(0.0, *std::ranges::min_element(x)) * double{0.9F};
        const double high = std::max(0.0, *std::ranges::max_element(x)) * double{0.8F};
        const int levels = (1 << bits) - 1;
        QVERIFY(std::abs(row.scale - (high - low) / levels) < 1e-5 * row.scale);
        QVERIFY(std::abs(row.zero + low / row.scale) < 0.5001);
        for (std::size_t j = 0; j < x.size(); ++j) {
            const int q = row.offset[j] + row.zero;
            QVERIFY(q >= 0 && q <= levels);
            const double clipped =
                std::clamp(x[j] / row.scale + row.zero, 0.0, static_cast<double>(levels));
            QVERIFY(std::abs(q - clipped) < 0.501);
        }
    }

    std::vector<float> attended(const std::vector<float>& q, const std::vector<float>& k,
                                const std::vector<float>& v, const std::vector<float>& frequencies,
                                int batch) {
        const auto cache = backend_->kvCache({2, 8, 2, 6});
        Buffer bq;
        Buffer bk;
        Buffer bv;
        Buffer out;
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                bq = recorder.buffer(24);
                bk = recorder.buffer(12);
                bv = recorder.buffer(12);
                out = recorder.buffer(24);
                recorder.attend({1, 4, 2, 6, frequencies}, bq, bk, bv, out);
            },
            batch);
        std::vector<float> result;
        for (int t = 0; t < 5; t += batch) {
            const auto rows = [&](const std::vector<float>& from, int cols) {
                return std::span(from).subspan(std::size_t(t * cols), std::size_t(batch * cols));
            };
            plan->write(bq, rows(q, 24));
            plan->write(bk, rows(k, 12));
            plan->write(bv, rows(v, 12));
            const std::vector<std::int32_t> ids(std::size_t(batch), 0);
            backend_->run(*plan, {ids, t, cache.get()});
            const auto values = plan->read(out, batch);
            result.insert(result.end(), values.begin(), values.end());
        }
        return result;
    }
};

QTEST_GUILESS_MAIN(ReferenceBackendTest)
#include "reference_backend_test.moc"
