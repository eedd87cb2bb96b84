// SPDX-License-Identifier: GPL-3.0-or-later
//
// Text that a tiny model writes by itself.
#include "core/quant/self_text.h"
#include "core/quant/trainable_model.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

class SelfTextTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;
    using Texts = std::vector<std::vector<std::int32_t>>;

    [[nodiscard]] Texts write(const Texts& prompts, std::int64_t length, std::uint64_t seed) const {
        return writeTexts(*source_, prompts, length, seed, "cpu", {}, {});
    }

private Q_SLOTS:
    void initTestCase() {
        TinyModel tiny;
        tiny.context = 64;
        writeTinyFolder(folder_.filePath("tiny").toStdString(), tiny);
        source_ = ModelSource::open(folder_.filePath("tiny").toStdString());
    }

    void promptsAreKept() {
        const Texts prompts{{1}, {5, 6, 7, 8}, {9, 10}};
        const Texts texts = write(prompts, 12, 3);
        QCOMPARE(texts.size(), prompts.size());
        for (std::size_t i = 0; i < prompts.size(); ++i) {
            QCOMPARE(texts[i].size(), std::size_t{12});
            QVERIFY(std::equal(prompts[i].begin(), prompts[i].end(), texts[i].begin()));
        }
    }

    void theSeedDecides() {
        const Texts prompts(4, {1, 2});
        QVERIFY(write(prompts, 32, 5) == write(prompts, 32, 5));
        QVERIFY(write(prompts, 32, 5) != write(prompts, 32, 6));
    }

    /// Tokens are as likely as those drawn from the whole model's own distributions are on average:
    /// a wrong position, mask or cache would draw from others.
    void tokensFollowTheModel() {
        constexpr std::int64_t count = 64, length = 48;
        const Texts texts = write(Texts(count, {1, 2, 3}), length, 1);
        std::vector<std::int32_t> flat;
        for (const auto& text : texts)
            flat.insert(flat.end(), text.begin(), text.end());
        const at::Tensor ids = at::tensor(flat, at::kInt).to(at::kLong).view({count, length});
        const TeacherModel model(*source_, {"cpu"}, length);
        const HeadInput out = model(ids);
        const at::Tensor p =
            at::log_softmax(at::matmul(out.rows, out.head.t()), -1).view({count, length, -1});
        const at::Tensor drawn = p.narrow(1, 2, length - 3); // what follows the prompt
        const at::Tensor surprise =
            -drawn.gather(2, ids.narrow(1, 3, length - 3).unsqueeze(2)).squeeze(2);
        const at::Tensor expected = -(drawn.exp() * drawn).sum(2);
        const at::Tensor spread = (drawn.exp() * drawn.square()).sum(2) - expected.square();
        const double off = (surprise - expected).sum().item<double>();
        const double sigma = std::sqrt(spread.sum().item<double>());
        QVERIFY2(std::abs(off) < 4.0 * sigma, qPrintable(QString("%1 %2").arg(off).arg(sigma)));
    }
};

QTEST_GUILESS_MAIN(SelfTextTest)
#include "self_text_test.moc"
