// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/options_panel.h"

#include "ui/chat/engine_panel.h"
#include "ui/chat/text_views.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QTabWidget>
#include <QToolButton>

#include <array>
#include <limits>

namespace bwla::ui {
namespace {

constexpr int panelHeight = 280, leastHeight = 176;

struct Preset {
    const char* name;
    SamplerSettings sampling;
};

/// Precise has no luck in it: the likeliest token each time, so a difference is the model's.
const std::array<Preset, 3>& presets() {
    static const std::array<Preset, 3> all{
        {{QT_TRANSLATE_NOOP("bwla::ui::OptionsPanel", "Precise"), {.temperature = 0.0}},
         {QT_TRANSLATE_NOOP("bwla::ui::OptionsPanel", "Balanced"),
          {.temperature = 0.7, .topP = 0.95, .repeatPenalty = 1.1}},
         {QT_TRANSLATE_NOOP("bwla::ui::OptionsPanel", "Creative"),
          {.temperature = 1.0, .minP = 0.05, .repeatPenalty = 1.1}}}};
    return all;
}

/// The seed belongs to no preset.
bool alike(const SamplerSettings& a, const SamplerSettings& b) {
    return a.temperature == b.temperature && a.topK == b.topK && a.topP == b.topP &&
           a.minP == b.minP && a.repeatPenalty == b.repeatPenalty &&
           a.repeatWindow == b.repeatWindow;
}

// Stop strings are written on one line, parted by commas; \n and \, stand for themselves.
QString written(const std::vector<std::string>& strings) {
    QStringList list;
    for (const std::string& one : strings)
        list << QString::fromStdString(one)
                    .replace("\\", "\\\\")
                    .replace("\n", "\\n")
                    .replace(",", "\\,");
    return list.join(", ");
}

std::vector<std::string> read(const QString& line) {
    std::vector<std::string> strings;
    QString one;
    const auto end = [&] {
        if (const QString bare = one.startsWith(' ') ? one.mid(1) : one; !bare.isEmpty())
            strings.push_back(bare.toStdString());
        one.clear();
    };
    for (qsizetype i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) {
            ++i;
            one += line[i] == 'n' ? QChar('\n') : line[i];
        } else if (line[i] == ',') {
            end();
        } else {
            one += line[i];
        }
    }
    end();
    return strings;
}

QScrollArea* scrolling(QWidget* content) {
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setFocusPolicy(Qt::NoFocus);
    content->setObjectName("scrolled");
    area->setWidget(content);
    return area;
}

} // namespace

QString samplingName(const SamplerSettings& sampling) {
    for (const Preset& preset : presets())
        if (alike(preset.sampling, sampling))
            return OptionsPanel::tr(preset.name);
    return OptionsPanel::tr("Custom");
}

OptionsPanel::OptionsPanel(Theme& theme, QWidget* parent)
    : QFrame(parent), theme_(theme), tabs_(new QTabWidget), engine_(new EnginePanel) {
    setProperty("card", true);
    setMinimumHeight(leastHeight);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 8, 16, 12);
    tabs_->addTab(makeSystem(), tr("System prompt"));
    tabs_->addTab(scrolling(makeSampling()), tr("Sampling"));
    tabs_->addTab(makeTemplate(), tr("Template"));
    tabs_->addTab(scrolling(engine_), tr("Engine"));
    tabs_->setAccessibleName(tr("Chat settings"));
    auto* close = new QToolButton;
    const auto draw = [this, close] {
        close->setIcon(theme_.icon("cancel"));
        setMaximumHeight(theme_.scaled(panelHeight));
        updateGeometry();
    };
    connect(&theme, &Theme::changed, close, draw);
    draw();
    close->setToolTip(tr("Close (Esc)"));
    close->setAccessibleName(tr("Close the chat settings"));
    tabs_->setCornerWidget(close);
    connect(close, &QToolButton::clicked, this, &OptionsPanel::closed);
    column->addWidget(tabs_);
    setOptions({});
    hide();
}

QSize OptionsPanel::sizeHint() const {
    return {QFrame::sizeHint().width(), maximumHeight()};
}

QWidget* OptionsPanel::makeSystem() {
    system_ = new QPlainTextEdit;
    system_->setPlaceholderText(
        tr("For example: You are a terse assistant. Empty = what the model's template says."));
    system_->setAccessibleName(tr("System prompt"));
    system_->setTabChangesFocus(true);
    system_->document()->setDocumentMargin(8);
    connect(system_, &QPlainTextEdit::textChanged, this, &OptionsPanel::changed);
    return system_;
}

QDoubleSpinBox* OptionsPanel::number(double low, double high, double step, int decimals,
                                     const QString& name, const QString& tip) {
    auto* box = new QDoubleSpinBox;
    box->setRange(low, high);
    box->setSingleStep(step);
    box->setButtonSymbols(QAbstractSpinBox::NoButtons);
    box->setDecimals(decimals);
    box->setAccessibleName(name);
    box->setToolTip(tip);
    connect(box, &QDoubleSpinBox::valueChanged, this, &OptionsPanel::changed);
    return box;
}

QSpinBox* OptionsPanel::whole(int low, int high, const QString& name, const QString& tip) {
    auto* box = new QSpinBox;
    box->setRange(low, high);
    box->setButtonSymbols(QAbstractSpinBox::NoButtons);
    box->setAccessibleName(name);
    box->setToolTip(tip);
    connect(box, &QSpinBox::valueChanged, this, &OptionsPanel::changed);
    return box;
}

QWidget* OptionsPanel::makeSampling() {
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(0, 8, 0, 0);
    row->setSpacing(24);
    auto *left = new QFormLayout, *right = new QFormLayout;
    for (QFormLayout* form : {left, right}) {
        form->setVerticalSpacing(4);
        row->addLayout(form, 1);
    }
    preset_ = new QComboBox;
    preset_->setAccessibleName(tr("Sampling preset"));
    for (const Preset& preset : presets())
        preset_->addItem(tr(preset.name));
    preset_->addItem(tr("Custom"));
    connect(preset_, &QComboBox::activated, this, [this](int chosen) {
        if (chosen >= static_cast<int>(presets().size()))
            return;
        SamplerSettings preset = presets().at(static_cast<std::size_t>(chosen)).sampling;
        preset.seed = options_.sampling.seed;
        showSampling(preset);
        changed();
    });
    const auto add = [](QFormLayout* form, QWidget* field) {
        QLabel* name = label(field->accessibleName());
        name->setMinimumHeight(field->sizeHint().height());
        name->setBuddy(field);
        form->addRow(name, field);
    };
    add(left, preset_);
    add(left,
        temperature_ = number(0, 5, 0.1, 2, tr("Temperature"),
                              tr("Logits are divided by it. 0 = always the likeliest token.")));
    add(left, topK_ = whole(0, 1'000'000, tr("Top-k"),
                            tr("Only the k likeliest tokens are drawn from. 0 = all.")));
    add(left,
        topP_ = number(0.01, 1, 0.05, 2, tr("Top-p"),
                       tr("Only the likeliest tokens that together reach this probability.")));
    add(left, minP_ = number(0, 0.99, 0.01, 2, tr("Min-p"),
                             tr("Only tokens with at least this share of the likeliest one's "
                                "probability.")));
    add(right, penalty_ = number(0.1, 5, 0.05, 2, tr("Repeat penalty"),
                                 tr("Logits of recent tokens are divided by it (negative ones "
                                    "multiplied). 1 = none.")));
    add(right, window_ = whole(0, 100'000, tr("Repeat window"), tr("How many tokens are recent.")));
    add(right, maxTokens_ = whole(1, 100'000, tr("Longest answer"), tr("In tokens.")));
    add(right, seed_ = whole(0, std::numeric_limits<int>::max(), tr("Seed"),
                             tr("The same seed and settings give the same answer. Both models get "
                                "the same.")));
    stops_ = new QLineEdit;
    stops_->setAccessibleName(tr("Stop strings"));
    stops_->setToolTip(tr("An answer ends before the first of them. Part them by commas; \\n is a "
                          "new line, \\, a comma."));
    connect(stops_, &QLineEdit::textEdited, this, &OptionsPanel::changed);
    add(right, stops_);
    return page;
}

QWidget* OptionsPanel::makeTemplate() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 8, 0, 0);
    error_ = new Banner(theme_);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    template_ = new QPlainTextEdit;
    template_->setAccessibleName(tr("Chat template"));
    template_->setPlaceholderText(tr("Empty = the model's own template. Write Jinja here to use "
                                     "another one in this chat."));
    rendered_ = new QPlainTextEdit;
    rendered_->setReadOnly(true);
    rendered_->setAccessibleName(tr("What the model reads"));
    rendered_->setToolTip(tr("The conversation with your draft, rendered: exactly this text is "
                             "turned into tokens."));
    for (QPlainTextEdit* edit : {template_, rendered_}) {
        edit->setTabChangesFocus(true);
        edit->document()->setDefaultFont(literalFont(theme_));
        edit->document()->setDocumentMargin(8);
        row->addWidget(edit, 1);
    }
    column->addWidget(error_);
    column->addLayout(row, 1);
    connect(template_, &QPlainTextEdit::textChanged, this, &OptionsPanel::changed);
    return page;
}

void OptionsPanel::showSampling(const SamplerSettings& s) {
    filling_ = true;
    temperature_->setValue(s.temperature);
    topK_->setValue(static_cast<int>(s.topK));
    topP_->setValue(s.topP);
    minP_->setValue(s.minP);
    penalty_->setValue(s.repeatPenalty);
    window_->setValue(static_cast<int>(s.repeatWindow));
    seed_->setValue(static_cast<int>(s.seed));
    filling_ = false;
}

void OptionsPanel::setOptions(const ChatOptions& options) {
    options_ = options;
    filling_ = true;
    system_->setPlainText(QString::fromStdString(options.system));
    template_->setPlainText(QString::fromStdString(options.otherTemplate));
    maxTokens_->setValue(static_cast<int>(options.maxTokens));
    stops_->setText(written(options.stopStrings));
    showSampling(options.sampling);
    preset_->setCurrentText(samplingName(options.sampling));
}

void OptionsPanel::changed() {
    if (filling_)
        return;
    options_.system = system_->toPlainText().toStdString();
    options_.otherTemplate = template_->toPlainText().toStdString();
    options_.maxTokens = maxTokens_->value();
    options_.stopStrings = read(stops_->text());
    options_.sampling = {.temperature = temperature_->value(),
                         .topK = topK_->value(),
                         .topP = topP_->value(),
                         .minP = minP_->value(),
                         .repeatPenalty = penalty_->value(),
                         .repeatWindow = window_->value(),
                         .seed = static_cast<std::uint64_t>(seed_->value())};
    preset_->setCurrentText(samplingName(options_.sampling));
    Q_EMIT optionsChanged(options_);
}

void OptionsPanel::open(Tab tab) {
    show();
    tabs_->setCurrentIndex(tab);
    const std::array<QWidget*, 4> first{system_, preset_, template_, engine_->choice()};
    first.at(tab)->setFocus(Qt::OtherFocusReason);
}

void OptionsPanel::showRendered(const QString& rendered, const QString& error) {
    if (!error.isEmpty())
        error_->show(Banner::Tone::bad, error);
    else
        error_->hide();
    if (rendered_->toPlainText() != rendered)
        rendered_->setPlainText(rendered);
}

QString OptionsPanel::renderedText() const {
    return rendered_->toPlainText();
}

QString OptionsPanel::errorText() const {
    return error_->isHidden() ? QString() : error_->text();
}

} // namespace bwla::ui
