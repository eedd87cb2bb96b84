// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/instruments.h"

#include "ui/chat/kl_strip.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/plot.h"

#include <QGridLayout>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr int repaintMilliseconds = 100;
constexpr double shortestAxis = 4.0; ///< seconds
const double unknown = std::nan("");

class Mean {
public:
    void add(double value, double weight = 1.0) {
        if (std::isfinite(value)) {
            sum_ += value * weight;
            weight_ += weight;
        }
    }
    [[nodiscard]] double value() const { return weight_ > 0 ? sum_ / weight_ : unknown; }

private:
    double sum_ = 0.0, weight_ = 0.0;
};

QString percent(double share) {
    return std::isfinite(share) ? numberText(share * 100, 0) + " %" : QString("–");
}

QWidget* rule() {
    auto* line = new QFrame;
    line->setProperty("line", true);
    return line;
}

} // namespace

ChatNumbers chatNumbers(const std::vector<ChatTurn>& turns) {
    ChatNumbers numbers;
    Mean kl, sameTop;
    for (const ChatSide side : chatSides) {
        Mean decode, prefill, first;
        double memory = unknown;
        for (const ChatTurn& turn : turns) {
            const auto& answer = turn.answer(side);
            if (!answer || answer->stats.memoryBytes == 0)
                continue;
            decode.add(answer->stats.decodeSpeed);
            prefill.add(answer->stats.promptSpeed);
            first.add(answer->stats.firstTokenSeconds);
            memory = static_cast<double>(answer->stats.memoryBytes);
        }
        numbers.sides[static_cast<std::size_t>(side)] = {decode.value(), prefill.value(),
                                                         first.value(), memory};
    }
    for (const ChatTurn& turn : turns)
        if (const auto& answer = turn.answer(ChatSide::quantized)) {
            const Agreement& found = answer->stats.agreement;
            const auto tokens = static_cast<double>(found.kl.size());
            kl.add(found.mean(), tokens);
            sameTop.add(found.topShare(), tokens);
        }
    numbers.meanKl = kl.value();
    numbers.sameTop = sameTop.value();
    if (!turns.empty()) {
        numbers.difference = turns.back().difference();
        numbers.compared = turns.back().answers[0] && turns.back().answers[1];
    }
    return numbers;
}

std::pair<QString, QString> speedRatio(const ChatNumbers& numbers) {
    const double ratio = numbers.sides[1].decode / numbers.sides[0].decode;
    if (!std::isfinite(ratio) || ratio <= 0)
        return {};
    if (ratio >= 1)
        return {numberText(ratio, 2) + "×", Instruments::tr("faster decode")};
    return {numberText(1 / ratio, 2) + "×", Instruments::tr("slower decode")};
}

Instruments::Instruments(Theme& theme, ChatController& controller, QWidget* parent)
    : QWidget(parent), theme_(theme), controller_(controller), plot_(new Plot(theme)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeThroughput(), 1);
    column->addWidget(makeChat());
    column->addWidget(makeAgreement());
    repaint_.setSingleShot(true);
    repaint_.setInterval(repaintMilliseconds);
    connect(&repaint_, &QTimer::timeout, this, &Instruments::drawThroughput);
    connect(&controller, &ChatController::answerBegins, this, &Instruments::begin);
    connect(&controller, &ChatController::speedMeasured, this, &Instruments::measured);
    connect(&theme, &Theme::changed, this, &Instruments::showNumbers);
    drawThroughput();
    showNumbers();
}

QWidget* Instruments::makeThroughput() {
    auto* card = new Card(tr("Live throughput"));
    addPlotTools(*card, *plot_, theme_);
    plot_->setToolTip(
        tr("Tokens of the answer a second, from the beginning of each model's turn; 0 "
           "while it reads the prompt. The models run one after the other, so each "
           "line is what the model does alone."));
    plot_->setMinimumHeight(176);
    card->body()->addWidget(plot_, 1);
    data_.x.title = tr("Seconds");
    data_.y.title = tr("Decode tok/s");
    data_.emptyText = tr("No speeds yet.");
    data_.summary = tr("Live throughput: nothing measured yet.");
    return card;
}

QWidget* Instruments::makeChat() {
    auto* card = new Card(tr("This chat"));
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(0, 1);
    const std::array<std::pair<QString, QString>, 4> rows{
        {{tr("Decode, tok/s"), tr("Mean over the answers in view of tokens a second after the "
                                  "prompt.")},
         {tr("Prefill, tok/s"), tr("Mean over the answers in view of prompt tokens read a second; "
                                   "tokens reused from the cache do not count.")},
         {tr("First token, ms"), tr("Mean over the answers in view of the time from the beginning "
                                    "of the model's turn to its first token.")},
         {tr("Memory, MB"), tr("Weights and caches of the model after its last answer.")}}};
    const std::array<QString, chatSides.size()> heads{tr("Original"), tr("Quantized")};
    for (std::size_t side = 0; side < chatSides.size(); ++side) {
        grid->addWidget(label(heads[side], "caption"), 0, static_cast<int>(side) + 1,
                        Qt::AlignRight);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            QLabel* cell = label({}, side == 1 ? "title" : nullptr);
            cell->setToolTip(rows[row].second);
            cells_[side][row] = cell;
            grid->addWidget(cell, static_cast<int>(row) + 1, static_cast<int>(side) + 1,
                            Qt::AlignRight);
        }
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
        QLabel* name = label(rows[row].first, "secondary");
        name->setToolTip(rows[row].second);
        grid->addWidget(name, static_cast<int>(row) + 1, 0);
    }
    card->body()->addLayout(grid);
    card->body()->addWidget(rule());
    auto* line = new QHBoxLayout;
    ratio_ = label({}, "big");
    ratioWord_ = label({}, "secondary");
    const QString tip = tr("Mean decode speed of the quantized model over that of the original, "
                           "measured in this chat on this device.");
    ratio_->setToolTip(tip);
    ratioWord_->setToolTip(tip);
    line->addWidget(ratio_);
    line->addWidget(ratioWord_, 1);
    card->body()->addLayout(line);
    return card;
}

QWidget* Instruments::makeAgreement() {
    auto* card = new Card(tr("Agreement"));
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(0, 1);
    const std::array<std::tuple<QString, QLabel**, QString>, 3> rows{
        {{tr("Same top token"), &sameTop_,
          tr("Share of the quantized model's tokens at which both models, having read the same "
             "text, find the same token likeliest.")},
         {tr("Mean KL"), &meanKl_, KlStrip::definition()},
         {tr("First difference"), &difference_,
          tr("First token in which the last two answers differ.")}}};
    int at = 0;
    for (const auto& [name, cell, tip] : rows) {
        QLabel* text = label(name, "secondary");
        *cell = label({}, "title");
        text->setToolTip(tip);
        (*cell)->setToolTip(tip);
        grid->addWidget(text, at, 0);
        grid->addWidget(*cell, at++, 1, Qt::AlignRight);
    }
    card->body()->addLayout(grid);
    card->body()->addWidget(rule());
    legend_ = label({}, "caption");
    legend_->setWordWrap(true);
    card->body()->addWidget(legend_);
    return card;
}

void Instruments::showNumbers() {
    const ChatNumbers numbers = chatNumbers(controller_.turns());
    for (std::size_t side = 0; side < chatSides.size(); ++side) {
        const ChatNumbers::Side& s = numbers.sides[side];
        cells_[side][0]->setText(numberText(s.decode, s.decode < 100 ? 1 : 0));
        cells_[side][1]->setText(numberText(s.prefill, 0));
        cells_[side][2]->setText(numberText(s.firstToken * 1e3, 0));
        cells_[side][3]->setText(numberText(s.memory / 1e6, 0));
    }
    const auto [ratio, word] = speedRatio(numbers);
    ratio_->setText(ratio);
    ratio_->setVisible(!ratio.isEmpty());
    ratioWord_->setText(ratio.isEmpty() ? tr("No speeds of both models yet") : word);
    const Tokens& t = theme_.tokens();
    QPalette palette = ratio_->palette();
    palette.setColor(QPalette::WindowText, seriesStyle(Series::quantized, t).colour);
    ratio_->setPalette(palette);
    sameTop_->setText(percent(numbers.sameTop));
    meanKl_->setText(std::isfinite(numbers.meanKl)
                         ? tr("%1 nats").arg(numberText(numbers.meanKl, 2))
                         : QString("–"));
    difference_->setText(numbers.difference ? tr("token %1").arg(*numbers.difference + 1)
                         : numbers.compared ? tr("none")
                                            : QString("–"));
    legend_->setText(
        tr("<span style=\"background:%1;color:%2\"><b>▸token</b></span> marks where the "
           "quantized answer first leaves the original. Dotted text follows from it.")
            .arg(seriesStyle(Series::error, t).colour.name(),
                 t.dark ? QString("#101318") : QString("#ffffff")));
}

void Instruments::begin(ChatSide side) {
    const bool original = side == ChatSide::original;
    const QString name = original ? tr("Original") : tr("Quantized");
    const bool newTurn = original || !controller_.takesPart(ChatSide::original);
    if (newTurn)
        data_.series.clear();
    const Series wanted = original ? Series::original : Series::quantized;
    data_.series.removeIf([&](const PlotSeries& series) { return series.series == wanted; });
    data_.series << PlotSeries{.name = name, .series = wanted, .x = {0.0}, .y = {0.0}};
}

void Instruments::measured(ChatSide side, double seconds, double speed) {
    const Series wanted = side == ChatSide::original ? Series::original : Series::quantized;
    for (PlotSeries& series : data_.series)
        if (series.series == wanted && (series.x.empty() || seconds > series.x.back())) {
            series.x.push_back(seconds);
            series.y.push_back(speed);
        }
    if (!repaint_.isActive())
        repaint_.start();
}

void Instruments::drawThroughput() {
    QStringList parts;
    double longest = shortestAxis, fastest = 1.0;
    for (const PlotSeries& series : data_.series) {
        parts << tr("%1 %2 tokens a second").arg(series.name, numberText(series.y.back(), 1));
        longest = std::max(longest, series.x.back());
        fastest = std::max(fastest, *std::max_element(series.y.begin(), series.y.end()));
    }
    if (!parts.isEmpty())
        data_.summary = tr("Live throughput: %1.").arg(parts.join(", "));
    data_.x.range = std::pair(0.0, longest);
    data_.y.range = std::pair(0.0, fastest * 1.15);
    plot_->setData(data_);
}

QString Instruments::agreementText() const {
    return sameTop_->text() + "; " + meanKl_->text() + "; " + difference_->text();
}

QString Instruments::ratioText() const {
    return ratio_->text() + " " + ratioWord_->text();
}

} // namespace bwla::ui
