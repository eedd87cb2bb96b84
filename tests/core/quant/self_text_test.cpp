// SPDX-License-Identifier: GPL-3.0-or-later
//
// Text that a tiny model writes by itself.
#include "core/job/job.h"
#include "core/quant/self_prompts.h"
#include "core/quant/self_text.h"
#include "core/text/start_of_text.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <numeric>

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

    /// Openings take turns; a chat stops where its question would begin; pieces are as long as
    /// asked, from all over the text, and none without one.
    void openingsTakeTurns() {
        const Tokenizer tokenizer(source_->tokenizer());
        std::vector<std::int32_t> text(1000);
        std::iota(text.begin(), text.end(), 0);
        constexpr std::array openings{Opening::nothing, Opening::question, Opening::chat,
                                      Opening::piece};
        const PromptSettings settings{openings, 10, 40};
        const Texts prompts = selfPrompts(tokenizer, text, 8, settings);
        QCOMPARE(prompts.size(), std::size_t{8});
        QCOMPARE(prompts[0], (std::vector<std::int32_t>{startOfText(source_->tokenizer())}));
        QVERIFY(prompts[1] != prompts[5]); // another question
        QVERIFY(prompts[2] == prompts[6] && prompts[2].size() < prompts[1].size());
        QVERIFY(std::equal(prompts[2].begin(), prompts[2].end(), prompts[1].begin()));
        QCOMPARE(prompts[3].size(), std::size_t{10});
        QVERIFY(prompts[7].front() - prompts[3].front() > 400);
        const Texts bare = selfPrompts(tokenizer, {}, 4, settings);
        QCOMPARE(bare[3], prompts[0]); // the turn of a piece is the next one's
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

    /// A token depends on what stands before it and nothing else: a prompt that already holds the
    /// first tokens goes on like the text that wrote them itself, and a longer text begins like a
    /// shorter one.
    void aTextGoesOnFromItsBeginning() {
        const Texts texts = write(Texts(6, {1, 2, 3}), 40, 7);
        const Texts shorter = write(Texts(6, {1, 2, 3}), 20, 7);
        Texts begun;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            QVERIFY(std::equal(shorter[i].begin(), shorter[i].end(), texts[i].begin()));
            begun.emplace_back(texts[i].begin(), texts[i].begin() + 10 + static_cast<int>(i));
        }
        QVERIFY(write(begun, 40, 7) == texts);
    }

    void stopsAreHeard() {
        std::stop_source stop;
        stop.request_stop();
        const Texts prompts{{1}};
        const std::function<void(double)> unheard;
        QVERIFY_EXCEPTION_THROWN(
            (void)writeTexts(*source_, prompts, 8, 0, "cpu", unheard, stop.get_token()), Cancelled);
    }
};

QTEST_GUILESS_MAIN(SelfTextTest)
#include "self_text_test.moc"
