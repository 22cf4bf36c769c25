/// Texts with `¦` where they are to be cut.
enum SentenceCases {
    typealias Case = SentenceSegmenterTests.Case

    static let all = english + german + french + spanish + italian + portuguese + dutch + asian + lines + unknown

    private static let english = cases(
        "en",
        [
            "Hello there.¦ How are you?",
            "Dr. Smith is at 3:30.¦ Is that all right?",
            "Mr. and Mrs. Jones called.¦ They left a message.",
            "Prof. J. R. Smith teaches here.¦ Everybody likes him.",
            "She met John F. Kennedy.¦ He smiled.",
            "It is on 5th Ave. near St. Patrick's.¦ You can't miss it.",
            "We live on Main St.¦ The house is green.",
            "Bring fruit, e.g. apples, i.e. something healthy.¦ Thanks!",
            "It is approx. 5 miles, vs. 8 km by train.",
            "No.¦ I don't think so.",
            "It's room No. 5 on the left.¦ See you.",
            "See p. 12, fig. 3 and sec. 4.¦ They explain it.",
            "We open at 9 a.m. and close at 5 p.m.¦ We are closed on Sunday.",
            "Come at 3 p.m. Monday, please.",
            "It's 3 p.m. Eastern time.¦ All good?",
            "It's 9 A.M.¦ Good morning!",
            "The U.S. Army called.¦ They want you.",
            "He lives in the U.S.¦ He likes it.",
            "She has a Ph.D.¦ She works at Apple Inc.¦ The pay is good.",
            "Smith Ltd. Director Jones is here.",
            "Pens, paper, etc. are here.¦ Take some.",
            "We sell pens, etc.¦ You can order now.",
            "Your total is $1,234.56.¦ Would you like to pay?",
            "Pi is 3.14159.¦ It never ends.",
            "It costs $5.¦ OK?",
            "The flight leaves at 15:30.¦ Be early.",
            "Version 2.0.1 is out.¦ It fixes v1.9.¦ Enjoy.",
            "Visit www.example.com.¦ It's free.",
            "See https://example.com/a.b?c=d.e&f=1.2 for details.¦ Bye.",
            "Write to john.smith@example.co.uk.¦ We answer soon.",
            "Open report.final.pdf and main.swift.¦ Then save.",
            "Well... maybe.",
            "Well...¦ Maybe not.",
            "Hmm… let me see.¦ Yes…¦ No.",
            "\"Really?\" he asked.¦ \"Yes.\"¦ She left.",
            "He said “It works.”¦ We cheered.",
            "(This is an aside.)¦ Back to it.",
            "It works (really!) and it's fast.",
            "What?!¦ No way!!¦ Yes.",
            "I was born in 1990.¦ Then we moved.",
            "I was born on Jan. 5, 1990.¦ It rained.",
            "It is Dec. 24.¦ Merry Christmas!",
            "Please dial ext. 42.¦ Thank you.",
            "Call 555-0123.¦ Ask for Ann.",
            "Great! 😀 ¦See you.",
            "Great!😀 ¦See you.",
            "Thanks a lot 🙏.¦ Bye 👋🏽",
            "It's ok. sounds good.",
            "sounds good.¦ let me check.",
            "Vitamin C is good.¦ Plan B is better.",
            "The Rev. Martin Luther King Jr. spoke.¦ We listened.",
            "Gen. Lee met Sgt. Pepper.¦ They sang.",
            "Take Hwy. 61 north.¦ Then turn.",
            "He's approx. 6 ft. tall.",
            "Mt. Everest is high.¦ So is K2.",
            "Yahoo!¦ has news.",
            "He asked (e.g. Dr. Who) for help.¦ Nobody came.",
            "Is it 5?¦ 6?¦ Or 7?",
            "The answer is 42.¦ 43 is wrong.",
            "It was 3.5 vs. 4.5 percent.",
            "I like A.I. and M.I.T. people.¦ They're clever.",
            "That's all.¦   Goodbye.",
            "Don't.¦ I can't.¦ It's his.¦ OK.",
            "She works for J. Crew.¦ He doesn't.",
            "Smith et al. wrote it.¦ Read it.",
            "Yes.¦ - No.",
            "The time is 12:05 a.m.¦ Good night.",
            "I have 9:00 a.m., 10:30 a.m., and 2:15 p.m.¦ Which works best?",
            "It's on Tue. at 3:30 p.m. with Dr. Smith at 123 Main St., Suite 4B.¦ Is that OK?",
            "The number is 555.123.4567.¦ Anything else?",
            "Sure thing!¦ Let me check...¦ One moment, Mr. O'Brien.",
            "Thank you, J.D.¦ We'll see you.¦ Bye!",
            "He said, \"I'll call Dr. Lee.\"¦ Then he did.",
            "Your code is A.1.B.2.¦ Keep it.",
            "Dial 1.800.555.0199, ext. 7.¦ Ask for Sgt. Hill.",
            "Meet me Sat. 5 p.m.¦ Don't be late.",
        ])

    private static let german = cases(
        "de",
        [
            "Guten Tag.¦ Wie kann ich helfen?",
            "Wir sehen uns am 3. Dezember um 15.30 Uhr.¦ Passt das?",
            "Der 2. Termin ist am 24. um zehn.¦ Gut?",
            "Er kommt am 3.¦ Danach gehen wir.",
            "Das kostet 1.234,56 Euro.¦ Möchten Sie das?",
            "Herr Dr. Müller und Fr. Schmidt warten.¦ Bitte kommen Sie.",
            "Bringen Sie z.B. Montag etwas mit, d.h. Papiere.",
            "Bringen Sie z. B. Montag etwas mit, d. h. Papiere.",
            "Das sind ca. 5 km bzw. 10 Min. Fußweg.",
            "Die Hauptstr. 5 ist da.¦ Klingeln Sie.",
            "Die Tel. Nr. 030 1234 ist besetzt.¦ Leider.",
            "Es gibt Kaffee, Tee usw.¦ Möchten Sie etwas?",
            "Das ist i. d. R. Sache des Arztes.¦ Danke.",
            "Prof. Dr. med. Weber ist im 3. Stock.¦ Fahren Sie hoch.",
            "Er sagte: „Ich komme.“¦ Dann ging er.",
            "Das war im 19. Jahrhundert.¦ Lange her.",
            "Ludwig XIV. war König.¦ Er lebte lange.",
            "Der Termin ist am 3. 12. 2026.¦ Ja?",
            "Die Praxis ist in der Königstr. 12.¦ Bis dann!",
            "Ich bin 30.¦ Und Sie?",
            "Wir haben ggf. Zeit.¦ Rufen Sie an.",
            "Es sind 3 Mio. Euro.¦ Viel Geld.",
            "Ja, gern.¦ Um 9 Uhr.",
        ])

    private static let french = cases(
        "fr",
        [
            "Bonjour !¦ Comment allez-vous ?¦ Bien.",
            "M. Dupont et Mme. Martin sont là.¦ Ils attendent.",
            "« Oui ! » dit-il.¦ « Non. »¦ Elle part.",
            "Il habite au 5, av. Foch.¦ C'est loin.",
            "C'est env. 3,50 euros, cf. p. 12.¦ D'accord ?",
            "Du pain, du lait, etc.¦ Nous avons tout.",
            "Apportez p. ex. un stylo.¦ Merci.",
            "J.-C. Martin arrive à 15h30.¦ Il est en retard.",
            "Le Dr. Petit vous rappelle.¦ À bientôt…¦ Au revoir.",
            "Qu'en pensez-vous ?\u{202F}¦Rien.",
        ])

    private static let spanish = cases(
        "es",
        [
            "¿Qué tal?¦ ¡Muy bien!¦ Gracias.",
            "El Sr. García y la Sra. López llegan.¦ ¿Vale?",
            "Vive en EE. UU. con su hijo.¦ Es feliz.",
            "Son aprox. 1.234,56 euros.¦ ¿Le parece bien?",
            "Traiga, p. ej. un documento.¦ Gracias.",
            "A las 3 p. m.¦ El doctor viene.",
            "Ud. tiene cita el n.º 5.¦ Venga.",
            "La Dra. Ruiz está en la Av. Mayor.¦ ¿Sabe llegar?",
            "Bueno... no sé.¦ Tal vez.",
        ])

    private static let italian = cases(
        "it",
        [
            "Buongiorno.¦ Come sta?¦ Bene!",
            "Il Sig. Rossi e la Sig.ra Bianchi arrivano.¦ Va bene?",
            "Il Dott. Verdi costa 1.234,56 euro.¦ È caro.",
            "Pane, latte, ecc.¦ Abbiamo tutto.",
            "Porti, es. un documento.¦ Grazie.",
            "È alla pag. 12, art. 3.¦ Legga.",
            "La Fiat S.p.A. di Torino.¦ Sì.",
        ])

    private static let portuguese = cases(
        "pt",
        [
            "Bom dia.¦ Tudo bem?¦ Sim!",
            "O Sr. Silva e a Dra. Costa chegaram.¦ Pode entrar.",
            "A Av. Paulista fica longe.¦ São 5 km.",
            "Traga, p. ex. um documento.¦ Obrigado.",
            "São R$ 1.234,56.¦ Está bem?",
            "A Silva Ltda.¦ Você conhece?",
        ])

    private static let dutch = cases(
        "nl",
        [
            "Goedemorgen.¦ Hoe gaat het?",
            "Dhr. de Vries en mevr. Jansen zijn er.¦ Kom binnen.",
            "Neem bijv. Maandag een paspoort mee, d.w.z. een geldig.",
            "Het kost ca. 1.234,56 euro.¦ Is dat goed?",
            "Zie blz. 12 e.d. voor meer.¦ Dank u.",
            "Bel a.u.b.¦ Wij helpen u.",
        ])

    private static let asian =
        cases("zh", ["你好。¦我是小王！¦你呢？¦再见。", "他说：「好的。」¦我们走吧。", "价格是3.5元。¦可以吗？", "嗯……好的。¦走吧。"])
        + cases("ja", ["はい。¦そうです。", "「はい。」と言った。¦帰った。", "本当ですか？¦すごい！！¦ね。", "3.5円です。¦OK。"])
        + cases("ko", ["안녕하세요.¦ 저는 김입니다.¦ 반갑습니다!"])
        + cases("ar", ["مرحبا.¦ كيف حالك؟¦ بخير."])
        + cases("hi", ["नमस्ते।¦ आप कैसे हैं?¦ ठीक।"])

    private static let lines = cases(
        "en",
        [
            "1. First\n¦2. Second\n¦3. Third",
            "Options:\n¦1. Tea.\n¦2. Coffee.¦ It's hot.\n¦3. Water.",
            "Options: 1. Tea ¦2. Coffee ¦3. Water",
            "Sure.¦ 1. Tea ¦2. Coffee",
            "- milk\n¦- eggs\n¦- bread",
            "* **Milk.** ¦It's white.\n¦* **Eggs.**",
            "a. one\n¦b. two",
            "a) one\n¦b) two",
            "IV. Chapter four\n¦V. Chapter five",
            "# A heading\n¦Some text.¦ More.",
            "## 3. Prices\n¦They are low.",
            "First paragraph\n\n¦second paragraph.",
            "First line\r\n¦Second line\r\n\r\n¦third",
            "A line that is\nwrapped goes on.¦ Yes.",
            "Shopping list:\n¦milk and eggs",
            "**Note.** ¦This is *very.* ¦Important.",
            "Use `a. B` and `c.D()`.¦ Then go.",
            "```\nlet a = 1. Then\n\nprint(a)\n```\n¦Done.",
            "---\n\nHello.¦ Bye.",
            "> Quoted. ¦Twice.\n¦Not quoted.",
            "Dear Dr.\nSmith, hello.",
            "I agree.\n¦so does he.",
        ])

    private static let unknown = cases(
        nil,
        [
            "Dr. Smith at 3:30.¦ Hr. Weber am 3. Dezember.¦ M. Dupont, p. ej. El Sr. Pérez.",
            "No.¦ Yes.",
            "My ex.¦ Your ex.¦ The end.",
            "It was all set.¦ 5 people came.",
            "Call me.¦ I'm in.¦ Es ist gut.¦ On y va.",
            "z. B. Montag, bzw. Dienstag.¦ OK.",
            "!!! ???",
            "...",
            "Hello",
        ])

    private static func cases(_ language: String?, _ marked: [String]) -> [Case] {
        marked.map { Case(language, $0) }
    }
}
