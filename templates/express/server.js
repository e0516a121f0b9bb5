import express from 'express'

const app = express()
app.use(express.json())

app.get('/', (request, response) => {
  response.json({ message: `Hello ${request.query.name ?? 'World'}` })
})

app.post('/echo', (request, response) => {
  response.json(request.body)
})

// The platform says where to listen, and calls are sent there once it answers.
app.listen(process.env.PORT, process.env.HOST)
